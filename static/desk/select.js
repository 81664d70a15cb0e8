// The picker of pictures has no name of its own: it takes the label of the field it stands for.
{
  const name = (picker) => {
    const label = picker.closest(".form-row, td")?.querySelector("label")?.textContent.trim().replace(/:$/, "") ?? "";
    for (const part of picker.querySelectorAll("[role=combobox], [role=textbox], .select2-search__field")) part.setAttribute("aria-label", label);
    picker.querySelector("[role=combobox]")?.removeAttribute("aria-labelledby");
  };
  const all = () => document.querySelectorAll(".select2-container").forEach(name);
  window.addEventListener("load", all);
  document.addEventListener("formset:added", () => setTimeout(all));
  window.addEventListener("load", () => {
    window.django?.jQuery(document).on("select2:open", () => {
      document.querySelector(".select2-container--open .select2-search__field")?.setAttribute("aria-label", "Suchen");
    });
  });
}
