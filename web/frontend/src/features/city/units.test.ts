import { expect, it } from 'vitest';
import first from '@/i18n/fr.json';
import pages from '@/i18n/fr.pages.json';
import { translate } from '@/i18n/translate';
import { plainProperties } from './DetailParts';
import { humanWords, unitOf, type Say } from './units';

const t: Say = (key, values) => translate([{ ...first, ...pages }], 'fr', key, values);

it('codes of the standards are said in the reader’s language', () => {
  expect(humanWords(t, 'in_transit_to')).toBe('En route');
  expect(unitOf(t, { observed_property: 'bikes_available', unit: '1' })).toBe('vélos');
  expect(plainProperties(t, { stop_name: 'Hill Top', is_renting: true, capacity: 14 })).toEqual([
    ['Arrêt', 'Hill Top'],
    ['Prête des véhicules', 'Oui'],
    ['Capacité', '14'],
  ]);
});

it('what a publisher calls by a name of its own keeps it', () => {
  expect(plainProperties(t, { council_ward: 'Closed', 'Case ID': 'x-1' })).toEqual([
    ['Council ward', 'Closed'],
    ['Case ID', 'x-1'],
  ]);
});
