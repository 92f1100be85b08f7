import type { Map as GlMap } from 'maplibre-gl';
import { PATHS } from '@/ui/paths';
import type { MapColours } from './colours';

const RATIO = 2;
const GLYPHS = [
  'report',
  'service_request',
  'road_work',
  'alert',
  'event',
  'news',
  'station',
] as const;

/** Put the signs on the map, or paint them anew in another theme. */
export function putImages(map: GlMap, c: MapColours): void {
  for (const name of GLYPHS) put(map, `glyph-${name}`, glyph(PATHS[name], c.onaccent));
  put(map, 'vehicle', vehicle(c.transit, c.surface, true));
  put(map, 'vehicle-still', vehicle(c.transit, c.surface, false));
  put(map, 'vehicle-bike', vehicle(c.bike, c.surface, false));
}

function put(map: GlMap, name: string, image: ImageData): void {
  if (map.hasImage(name)) map.updateImage(name, image);
  else map.addImage(name, image, { pixelRatio: RATIO });
}

function canvas(size: number): CanvasRenderingContext2D {
  const element = document.createElement('canvas');
  element.width = element.height = size * RATIO;
  const context = element.getContext('2d');
  if (!context) throw new Error('no 2d canvas');
  context.scale(RATIO, RATIO);
  context.lineJoin = context.lineCap = 'round';
  return context;
}

function pixels(context: CanvasRenderingContext2D): ImageData {
  return context.getImageData(0, 0, context.canvas.width, context.canvas.height);
}

function glyph(path: string, colour: string): ImageData {
  const size = 14;
  const context = canvas(size);
  context.scale(size / 24, size / 24);
  context.strokeStyle = colour;
  context.lineWidth = 2.4;
  context.stroke(new Path2D(path));
  return pixels(context);
}

/** A disc; one that is under way has a nose that points where it goes. */
function vehicle(colour: string, edge: string, heading: boolean): ImageData {
  const context = canvas(20);
  context.translate(10, 10);
  context.fillStyle = colour;
  context.strokeStyle = edge;
  context.lineWidth = 1.6;
  context.beginPath();
  if (heading) {
    context.moveTo(0, -9);
    context.lineTo(6, 6.5);
    context.lineTo(0, 3.4);
    context.lineTo(-6, 6.5);
    context.closePath();
  } else context.arc(0, 0, 5.2, 0, 2 * Math.PI);
  context.stroke();
  context.fill();
  return pixels(context);
}
