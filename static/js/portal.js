// Every page works without this module; it only helps.
document.documentElement.classList.add("has-js");

for (const button of document.querySelectorAll("[data-print]")) {
  button.addEventListener("click", () => window.print());
}

// After a refused form the summary takes the focus, so that a screen reader starts there.
document.getElementById("fehler")?.focus();

// "Does it fit us?": the list of prerequisites gets boxes to tick. Nothing leaves the page or outlives it.
for (const checklist of document.querySelectorAll("[data-checklist]")) {
  const boxes = [...checklist.querySelectorAll("li")].map((item) => {
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox" });
    const text = document.createElement("span");
    label.className = "pick";
    text.append(...item.childNodes);
    label.append(box, text);
    item.append(label);
    return box;
  });
  checklist.classList.add("live");
  checklist.addEventListener("change", () => {
    const share = boxes.filter((box) => box.checked).length / boxes.length;
    const verdict = share === 0 ? "none" : share === 1 ? "all" : share >= 0.5 ? "most" : "few";
    for (const words of checklist.querySelectorAll("[data-when]")) words.hidden = words.dataset.when !== verdict;
  });
}
