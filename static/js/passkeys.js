// Asks the browser for a passkey and posts its answer. Without this module the buttons stay hidden; passwords and codes do.
const canParse = window.PublicKeyCredential?.parseRequestOptionsFromJSON;

const ask = {
  async login(form) {
    const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
    const { request_options: options } = await answer.json();
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey) });
  },
  async use(form) {
    const { request_options: options } = dataOf(form);
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey) });
  },
  async add(form) {
    const { publicKey } = dataOf(form).creation_options;
    const alone = form.elements.passwordless.checked;
    publicKey.authenticatorSelection = {
      ...publicKey.authenticatorSelection,
      residentKey: alone ? "required" : "discouraged",
      requireResidentKey: alone,
      ...(alone && { userVerification: "required" }),
    };
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
  },
};

function dataOf(form) {
  return JSON.parse(document.getElementById(form.dataset.options).textContent);
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const button = form.querySelector("[data-passkey-button]");
  const problem = form.querySelector("[data-passkey-problem]");
  button.hidden = !canParse;
  problem.hidden = Boolean(canParse) || form.dataset.passkey === "login";
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    try {
      const credential = await ask[form.dataset.passkey](form);
      form.elements.credential.value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch {
      problem.hidden = false;
      problem.focus();
    }
  });
}
