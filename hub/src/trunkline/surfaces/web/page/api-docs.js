// Asks for the description with the token that was typed, and hands both to Swagger UI.
const form = document.getElementById("sign-in");
const input = document.getElementById("token");
const button = form.querySelector("button");
const refusal = document.getElementById("refusal");
const hub = new URL("..", location.href); // a proxy may have it below a path of its own

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  refusal.textContent = "";
  try {
    show(await describe(input.value.trim()), input.value.trim());
  } catch (error) {
    refusal.textContent = error.message;
    input.select();
  } finally {
    button.disabled = false;
  }
});

async function describe(token) {
  if (!/^[!-~]+$/.test(token)) throw new Error("A token has letters, digits and underscores only.");
  const headers = { Authorization: `Bearer ${token}` };
  let answer;
  try {
    answer = await fetch(new URL("openapi.json", hub), { headers, cache: "no-store" });
  } catch {
    throw new Error("The hub does not answer.");
  }
  const told = await answer.json();
  if (answer.status === 401) throw new Error("The hub does not take this token: it is mistyped, expired or revoked.");
  if (!answer.ok) throw new Error(told.detail);
  return told;
}

function show(description, token) {
  input.value = "";
  form.hidden = true;
  description.servers = [{ url: hub.href.replace(/\/$/, "") }]; // the only one that the page may call
  SwaggerUIBundle({
    spec: description,
    dom_id: "#api",
    validatorUrl: null, // it would tell a stranger where the hub is
    requestInterceptor: (request) => {
      request.headers.Authorization = `Bearer ${token}`;
      return request;
    },
    showMutatedRequest: false, // what is shown of a request, to be copied, has no token
  });
}
