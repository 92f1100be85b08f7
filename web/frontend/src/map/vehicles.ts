import type { GeoJSONSource } from 'maplibre-gl';
import type { Vehicle } from '@/api/types';
import { vehiclePoint } from './geojson';

const EASE_MS = 1_000;
const STEP_MS = 60;

interface Track {
  vehicle: Vehicle;
  from: [number, number];
  at: number;
}

/** Where a vehicle is drawn between two known places. Pure. */
export function between(
  from: [number, number],
  to: [number, number],
  share: number,
): [number, number] {
  const s = Math.min(1, Math.max(0, share));
  return [from[0] + (to[0] - from[0]) * s, from[1] + (to[1] - from[1]) * s];
}

const DRAWN = ['lon', 'lat', 'bearing', 'kind', 'freshness', 'route', 'route_name'] as const;

/** Whether two words of a vehicle draw the same: each run of its feed confirms what did not move. */
function looksLike(one: Vehicle, other: Vehicle): boolean {
  return DRAWN.every((name) => one[name] === other[name]);
}

function placeOf({ vehicle, from, at }: Track, now: number, still: boolean): [number, number] {
  return between(from, [vehicle.lon, vehicle.lat], still ? 1 : (now - at) / EASE_MS);
}

/**
 * Moves vehicles on the map in their own source: only those that moved, and never faster than
 * the map can take (the next step waits for the last one).
 */
export class VehicleLayer {
  private readonly tracks = new Map<string, Track>();
  private moving = new Set<string>();
  private busy = false;
  private stopped = false;

  constructor(
    private readonly source: GeoJSONSource,
    /** True when a move is drawn at once: no motion wanted, or none to be seen so far out. */
    private readonly still: () => boolean,
  ) {}

  show(vehicles: Vehicle[], now = performance.now()): void {
    const still = this.still();
    const seen = new Set<string>();
    const add: GeoJSON.Feature[] = [];
    for (const vehicle of vehicles) {
      seen.add(vehicle.id);
      const track = this.tracks.get(vehicle.id);
      if (track?.vehicle === vehicle) continue;
      if (track && looksLike(track.vehicle, vehicle)) {
        track.vehicle = vehicle;
        continue;
      }
      const from: [number, number] = track
        ? placeOf(track, now, still)
        : [vehicle.lon, vehicle.lat];
      this.tracks.set(vehicle.id, { vehicle, from, at: track ? now : now - EASE_MS });
      if (track) this.moving.add(vehicle.id);
      else add.push(vehiclePoint(vehicle));
    }
    const gone = [...this.tracks.keys()].filter((id) => !seen.has(id));
    for (const id of gone) {
      this.tracks.delete(id);
      this.moving.delete(id);
    }
    if (add.length || gone.length) {
      void this.source.updateData({ add, remove: gone.map((id) => `vehicle:${id}`) });
    }
    this.step();
  }

  stop(): void {
    this.stopped = true;
  }

  private step(): void {
    if (this.busy || this.stopped || this.moving.size === 0) return;
    this.busy = true;
    requestAnimationFrame((now) => {
      const still = this.still();
      const add = [...this.moving].flatMap((id) => {
        const track = this.tracks.get(id);
        if (!track) return [];
        if (still || now - track.at >= EASE_MS) this.moving.delete(id);
        return [vehiclePoint(track.vehicle, ...placeOf(track, now, still))];
      });
      void this.source.updateData({ add }).finally(() => {
        window.setTimeout(() => {
          this.busy = false;
          this.step();
        }, STEP_MS);
      });
    });
  }
}
