// <form data-passkey="create"> with its options in data-options, <form data-passkey="get"> with them too, or its address
// gives them as JSON: the button asks the authenticator, puts its answer into the field "credential" and sends the form.
// Where the browser knows no passkeys the form stays hidden.
const known = () => globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON !== undefined;

async function fetched(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  return (await answer.json()).request_options;
}

async function ask(form) {
  if (form.dataset.passkey === "create") {
    const { publicKey } = JSON.parse(form.dataset.options);
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
  }
  const options = form.dataset.options ? JSON.parse(form.dataset.options) : await fetched(form.action);
  return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey) });
}

export function passkey(form) {
  form.hidden = !known();
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    const trouble = form.querySelector("[role=alert]");
    trouble.textContent = "";
    try {
      form.elements.credential.value = JSON.stringify((await ask(form)).toJSON());
    } catch {
      trouble.textContent = trouble.dataset.failed;
      return;
    }
    form.requestSubmit();
  });
}
