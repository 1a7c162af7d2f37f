export { notedPlace, openPlace, refuseMixed } from './open-place.ts';
export type {
  Inspected,
  Place,
  PlacedPackage,
  PlaceOptions,
  Removed,
  Survey,
} from './place.ts';
