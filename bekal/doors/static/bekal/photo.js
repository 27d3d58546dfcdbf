// Shrinks a chosen photo on the phone. Where it cannot, the photo is sent as it is and shrunk on the server.
const field = document.getElementById("photo");
field?.addEventListener("change", async () => {
  const file = field.files[0];
  if (!file || file.size < 300000) return;
  try {
    const image = await createImageBitmap(file);
    const scale = Math.min(1, 1000 / Math.max(image.width, image.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(image.width * scale);
    canvas.height = Math.round(image.height * scale);
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((made) => canvas.toBlob(made, "image/jpeg", 0.85));
    const files = new DataTransfer();
    files.items.add(new File([blob], "photo.jpg", { type: "image/jpeg" }));
    field.files = files.files;
  } catch { /* the server shrinks it */ }
});
