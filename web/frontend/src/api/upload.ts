import { ApiError, unreachable } from './problem';
import { lastingToken } from './refresh';
import type { Problem, ReportAccepted, UploadAccepted } from './types';

export interface ReportParts {
  fields: Record<string, string>;
  photos: Blob[];
  idempotencyKey: string;
}

/** File a report. */
export function fileReport(parts: ReportParts): Promise<ReportAccepted> {
  const form = new FormData();
  for (const [name, value] of Object.entries(parts.fields)) {
    if (value !== '') form.append(name, value);
  }
  parts.photos.forEach((photo, i) => form.append('photo', photo, nameOf(photo, i)));
  return post('/api/v1/reports', form, { 'Idempotency-Key': parts.idempotencyKey });
}

/** Send one file by itself. */
export function sendFile(file: File): Promise<UploadAccepted> {
  const form = new FormData();
  form.append('file', file, file.name);
  return post('/api/v1/uploads', form);
}

/** Multipart, which the generated types cannot say (they have no binary). */
async function post<Accepted>(
  path: string,
  body: FormData,
  headers: Record<string, string> = {},
): Promise<Accepted> {
  const token = await lastingToken();
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(path, { method: 'POST', body, headers }).catch(() => {
    throw unreachable();
  });
  if (!answer.ok) {
    const problem = (await answer.json().catch(() => ({}))) as Partial<Problem>;
    throw new ApiError(answer.status, problem);
  }
  return (await answer.json()) as Accepted;
}

function nameOf(photo: Blob, i: number): string {
  return photo instanceof File ? photo.name : `photo-${i + 1}.jpg`;
}
