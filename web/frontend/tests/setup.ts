import { cleanup } from '@testing-library/react';
import { afterEach, beforeAll } from 'vitest';
import { withWords } from '@/i18n';

beforeAll(withWords(() => Promise.resolve()));
afterEach(cleanup);
