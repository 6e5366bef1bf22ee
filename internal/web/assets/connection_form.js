// Proposes a link name from the name, as lanyard.ProposeLinkName does, until the person writes one.
{
  const name = document.getElementById("name");
  const link = document.getElementById("link-name");

  const propose = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "")
    .replace(/ß/g, "ss").replace(/æ/g, "ae").replace(/œ/g, "oe").replace(/ø/g, "o").replace(/đ/g, "d").replace(/ł/g, "l").replace(/ı/g, "i")
    .replace(/[^a-z0-9]+/g, "_").replace(/^[0-9_]+/, "").slice(0, 50).replace(/_+$/, "");

  // What the server proposed may have a number, where the plain name is taken; it stands until the name changes.
  let proposed = link.value;
  name.addEventListener("input", () => {
    if (link.value !== proposed) return;
    proposed = propose(name.value);
    link.value = proposed;
  });
}
