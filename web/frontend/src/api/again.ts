import type { Problem } from './types';

type Ask = () => Promise<boolean>;
let ask: Ask | null = null;
let asking: Promise<boolean> | null = null;

/** Say how somebody is asked to prove who they are; the returned function takes that back. */
export function onSignInAgain(how: Ask): () => void {
  ask = how;
  return () => {
    if (ask === how) ask = null;
  };
}

/**
 * True once somebody proved who they are, where an answer asks for that; calls at once share one
 * question.
 */
export async function signedInAgain(answer: Response): Promise<boolean> {
  if (answer.status !== 403 || !ask) return false;
  const problem = (await answer
    .clone()
    .json()
    .catch(() => ({}))) as Partial<Problem>;
  if (!problem.type?.endsWith(':sign-in-again')) return false;
  asking ??= ask().finally(() => {
    asking = null;
  });
  return asking;
}
