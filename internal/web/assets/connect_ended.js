// The last page of a connect session in a pop-up tells the page that opened it, and nobody else: the message goes to the
// origin that the session names. If nobody takes it, the pop-up goes to the application's page by itself.
"use strict";
{
  const {origin, session, code, error} = document.getElementById("main").dataset;
  const opener = window.opener;
  const goBack = () => location.replace(document.getElementById("back").href);

  if (error) {
    opener?.postMessage({type: "lanyard:failed", session, error}, origin);
    document.getElementById("back").addEventListener("click", (event) => {
      if (!opener || opener.closed) return;
      event.preventDefault();
      close();
    });
  } else if (!opener || opener.closed) {
    goBack();
  } else {
    const late = setTimeout(goBack, 3000);
    addEventListener("message", (event) => {
      if (event.source !== opener || event.origin !== origin || event.data?.type !== "lanyard:received") return;
      clearTimeout(late);
      close();
    });
    opener.postMessage({type: "lanyard:connected", session, code}, origin);
  }
}
