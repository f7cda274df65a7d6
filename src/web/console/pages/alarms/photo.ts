import { photoTypeOf } from "#domain/alarm.ts";

/** Smaller files go as they are; a phone's own pictures are ten times this. */
const SMALL_BYTES = 400_000;
/** The longer side of what is sent: a meter's digits can be read on it. */
const SIDE_MAX = 1_600;
const QUALITY = 0.82;

/**
 * A picture as it is sent, as a `data:` address: made smaller where it is large, which also leaves out where and by what it was taken.
 * Throws when it is none that a browser knows.
 */
export async function photoForUpload(file: File): Promise<string> {
  const type = photoTypeOf(new Uint8Array(await file.slice(0, 16).arrayBuffer()));
  if (type === null) throw new Error("not a JPEG or PNG picture");
  const picture = await createImageBitmap(file);
  try {
    if (file.size <= SMALL_BYTES) return await dataAddress(file.slice(0, file.size, type));
    const scale = Math.min(1, SIDE_MAX / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("no canvas");
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/jpeg", QUALITY);
  } finally {
    picture.close();
  }
}

function dataAddress(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error("unreadable"));
    reader.readAsDataURL(blob);
  });
}
