import type { ReactNode } from 'react';
import { useText } from '@/i18n/useText';
import { kindOf } from './rules';

/** Words for who was asked to prove who they are, and did not. */
export function useExplain(): (error: unknown) => ReactNode {
  const { t } = useText();
  return (error) => kindOf(error) === 'sign-in-again' && t('again.left');
}
