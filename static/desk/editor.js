// The text editor is a box of its own: it takes the label and the help of the field it stands for, and speaks German.
const WORDS = {
  "unordered list": "Aufzählung",
  "ordered list": "Nummerierte Liste",
  bold: "Fett",
  italic: "Kursiv",
  "insert link": "Link einfügen oder ändern",
  "remove link": "Link entfernen",
  undo: "Rückgängig",
  redo: "Wiederholen",
  paragraph: "Absatz",
  "heading 2": "Überschrift",
  "heading 3": "Zwischenüberschrift",
};

function translate(menu) {
  for (const button of menu.querySelectorAll("[title]")) {
    const word = WORDS[button.title];
    if (word) {
      button.title = word;
      button.setAttribute("aria-label", word);
    }
  }
  for (const text of menu.querySelectorAll(".prose-menubar__option > *")) {
    const word = WORDS[text.textContent.toLowerCase()];
    if (word) text.textContent = word;
  }
}

document.addEventListener("prose-editor:ready", ({ detail: { editor, textarea } }) => {
  const box = editor.view.dom;
  const label = document.querySelector(`label[for="${textarea.id}"]`);
  if (label) {
    label.id ||= `${textarea.id}_label`;
    box.setAttribute("aria-labelledby", label.id);
    label.addEventListener("click", () => editor.commands.focus());
  }
  const help = document.getElementById(`${textarea.id}_helptext`);
  if (help) box.setAttribute("aria-describedby", help.id);
  box.setAttribute("aria-multiline", "true");

  const frame = box.closest(".prose-editor");
  const watch = () => {
    const menu = frame.querySelector(".prose-menubar");
    if (!menu) return false;
    translate(menu);
    // The button for headings is made anew whenever the cursor moves.
    new MutationObserver(() => translate(menu)).observe(menu, { childList: true, subtree: true });
    return true;
  };
  // The menu may come after the box.
  if (!watch()) new MutationObserver((_, observer) => watch() && observer.disconnect()).observe(frame, { childList: true });
});
