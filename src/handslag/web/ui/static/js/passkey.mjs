// <form data-passkey="create"> with its options in data-options, <form data-passkey="get"> whose options its address
// gives as JSON: the button asks the authenticator, puts its answer into the field "credential" and sends the form.
// Where the browser knows no passkeys the form stays hidden.
const known = () => globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON !== undefined;

async function ask(form) {
  if (form.dataset.passkey === "create") {
    const { publicKey } = JSON.parse(form.dataset.options);
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
  }
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  const { request_options } = await answer.json();
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(request_options.publicKey);
  return navigator.credentials.get({ publicKey });
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
