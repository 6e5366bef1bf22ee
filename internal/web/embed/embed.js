// A Connect button in a page of yours:
//
//   <script src="https://lanyard.example.com/embed.js" defer></script>
//   <button type="button" data-lanyard-connect="/lanyard/connect" data-lanyard-confirm="/lanyard/confirm">Connect</button>
//
// The first address is an endpoint of your own that makes a connect session and answers with what Lanyard answered; the
// second one takes {"session", "code"} and confirms. Both get a POST with JSON and the cookies of your site. Afterwards
// the button gets the event lanyard:connected, or lanyard:failed with event.detail.reason.
"use strict";
{
  const lanyard = new URL(document.currentScript.src).origin;

  const post = async (address, body) => {
    const answer = await fetch(address, {
      method: "POST", credentials: "same-origin", body: JSON.stringify(body),
      headers: {"Content-Type": "application/json", "Accept": "application/json"},
    });
    if (!answer.ok) throw new Error(`${address} answered ${answer.status}`);
    return answer.status === 204 ? {} : answer.json();
  };

  const connect = (button) => {
    // Opened before anything is waited for, or the browser takes it for an unwanted one.
    const popup = open("", "", "popup,width=560,height=760");
    let over = false;
    let watch;
    const end = (name, detail) => {
      if (over) return;
      over = true;
      clearInterval(watch);
      removeEventListener("message", hear);
      button.disabled = false;
      button.dispatchEvent(new CustomEvent(`lanyard:${name}`, {bubbles: true, detail}));
    };
    const fail = (reason, detail = {}) => end("failed", {reason, ...detail});

    let session = "";
    let confirming = false;
    const hear = async (event) => {
      if (event.origin !== lanyard || event.source !== popup || event.data?.session !== session || confirming) return;
      if (event.data.type === "lanyard:failed") return fail(event.data.error, {session});
      if (event.data.type !== "lanyard:connected") return;
      confirming = true;
      popup.postMessage({type: "lanyard:received", session}, lanyard);
      try {
        await post(button.dataset.lanyardConfirm, {session, code: event.data.code});
        end("connected", {session});
      } catch (error) {
        fail("not_confirmed", {session, error});
      }
    };

    if (!popup) return fail("blocked");
    button.disabled = true;
    addEventListener("message", hear);
    post(button.dataset.lanyardConnect, {}).then((made) => {
      if (new URL(made.connect_url).origin !== lanyard) throw new Error("the connect URL is not Lanyard's");
      session = made.id;
      popup.location.replace(made.connect_url);
      // A provider may cut the tie to its pop-up, which then looks closed and ends at your return_to.
      watch = setInterval(() => { if (popup.closed && !confirming) fail("closed", {session}); }, 500);
    }).catch((error) => {
      popup.close();
      fail("not_begun", {error});
    });
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-lanyard-connect]");
    if (!button || button.disabled) return;
    event.preventDefault();
    connect(button);
  });
}
