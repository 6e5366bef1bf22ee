// A file is read into the text beside it, so that the form stays a plain one.
{
  document.addEventListener("change", async (event) => {
    const into = event.target.dataset.into && document.getElementById(event.target.dataset.into);
    const file = event.target.files && event.target.files[0];
    if (into && file) into.value = await file.text();
  });
}
