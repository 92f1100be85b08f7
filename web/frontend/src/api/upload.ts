import { ApiError } from './problem';
import { lastingToken } from './refresh';
import type { Problem, ReportAccepted } from './types';

export interface ReportParts {
  fields: Record<string, string>;
  photos: Blob[];
  idempotencyKey: string;
}

/** File a report; multipart, which the generated types cannot say (they have no binary). */
export async function fileReport(parts: ReportParts): Promise<ReportAccepted> {
  const form = new FormData();
  for (const [name, value] of Object.entries(parts.fields)) {
    if (value !== '') form.append(name, value);
  }
  parts.photos.forEach((photo, i) => form.append('photo', photo, nameOf(photo, i)));
  const token = await lastingToken();
  const answer = await fetch('/api/v1/reports', {
    method: 'POST',
    body: form,
    headers: {
      'Idempotency-Key': parts.idempotencyKey,
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
    },
  });
  if (!answer.ok) {
    const problem = (await answer.json().catch(() => ({}))) as Partial<Problem>;
    throw new ApiError(answer.status, problem);
  }
  return (await answer.json()) as ReportAccepted;
}

function nameOf(photo: Blob, i: number): string {
  return photo instanceof File ? photo.name : `photo-${i + 1}.jpg`;
}
