const LONGEST_SIDE = 2_048;
const QUALITY = 0.86;

export interface Place {
  lon: number;
  lat: number;
}

/** The position that a photo carries, read here and never sent unasked. */
export async function positionOf(photo: Blob): Promise<Place | null> {
  try {
    const exif = await import('exifr/dist/lite.esm.mjs');
    const found = await exif.gps(await photo.arrayBuffer());
    if (!found || !Number.isFinite(found.longitude)) return null;
    if (found.latitude === 0 && found.longitude === 0) return null;
    return { lon: found.longitude, lat: found.latitude };
  } catch {
    return null; // a photo without readable metadata is still a photo
  }
}

/** Width and height that fit the longest side. Pure. */
export function fit(width: number, height: number, longest = LONGEST_SIDE): [number, number] {
  const scale = Math.min(1, longest / Math.max(width, height));
  return [Math.round(width * scale), Math.round(height * scale)];
}

/**
 * A photo small enough for a phone's uplink, turned upright.
 * What this browser cannot open (HEIC in most) goes as it is: the server can.
 */
export async function downscale(photo: File): Promise<Blob> {
  try {
    const picture = await createImageBitmap(photo, { imageOrientation: 'from-image' });
    const [width, height] = fit(picture.width, picture.height);
    if (width === picture.width && photo.size < 1_500_000) return photo;
    const canvas = document.createElement('canvas');
    canvas.width = width;
    canvas.height = height;
    canvas.getContext('2d')?.drawImage(picture, 0, 0, width, height);
    picture.close();
    const small = await new Promise<Blob | null>((done) =>
      canvas.toBlob(done, 'image/jpeg', QUALITY),
    );
    return small && small.size < photo.size ? small : photo;
  } catch {
    return photo;
  }
}
