import { useSearch } from 'wouter';
import { useConfig } from './config';

/** The city that the address names, else the one this platform is for. */
export function useCitySlug(): string {
  const { city, cities } = useConfig();
  const wanted = new URLSearchParams(useSearch()).get('city');
  return wanted && cities.includes(wanted) ? wanted : city;
}
