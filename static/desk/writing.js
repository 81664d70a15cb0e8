// Beside each text: how long it is, and how hard to read. Computed here; nothing is sent anywhere.
// LIX = words per sentence + percentage of words with more than six letters (Björnsson 1968).
const EASY = 45;
const HARD = 55;

function lix(text) {
  const words = text.match(/[\p{L}\p{N}]+(?:[-'’][\p{L}\p{N}]+)*/gu) ?? [];
  const sentences = text.split(/[.!?:]+(?:\s|$)|\n+/u).filter((part) => /\p{L}/u.test(part));
  if (words.length < 20) return { words: words.length, value: null };
  const long = words.filter((word) => word.length > 6).length;
  return { words: words.length, value: Math.round(words.length / sentences.length + (100 * long) / words.length) };
}

function verdict(value) {
  if (value === null) return "";
  if (value < EASY) return `, gut lesbar (LIX ${value})`;
  if (value < HARD) return `, etwas schwer (LIX ${value}): kürzere Sätze helfen`;
  return `, schwer lesbar (LIX ${value}): kürzere Sätze, kürzere Wörter`;
}

function meter(after) {
  const hint = document.createElement("div");
  hint.className = "help desk-meter";
  (after.closest(".flex-container") ?? after).after(hint);
  return hint;
}

function count(field) {
  const most = field.maxLength;
  if (most < 60 || field.closest(".empty-form")) return;
  const hint = meter(field);
  const tell = () => {
    const left = most - field.value.length;
    hint.textContent = `${field.value.length} von ${most} Zeichen${left < most / 10 ? `, noch ${left}` : ""}`;
  };
  field.addEventListener("input", tell);
  tell();
}

const FIELDS = "input[type=text][maxlength], textarea[maxlength]";
document.querySelectorAll(`#content :is(${FIELDS})`).forEach(count);
// A part that is added by the button comes without what the page did to its siblings.
document.addEventListener("formset:added", ({ target }) => target.querySelectorAll(FIELDS).forEach(count));

document.addEventListener("prose-editor:ready", ({ detail: { editor } }) => {
  const box = editor.view.dom;
  const hint = meter(box.closest(".prose-editor") ?? box);
  const tell = () => {
    const { words, value } = lix(editor.getText({ blockSeparator: "\n" }));
    hint.textContent = words ? `${words} Wörter${verdict(value)}` : "";
  };
  editor.on("update", tell);
  tell();
});
