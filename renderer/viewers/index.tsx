/** The registry of viewers: which one shows an item and its result. A new kind of result is one file and its line here. */
import type { ComponentType } from 'react';
import type { Artifact, Item } from '../../contract/item.ts';
import { BeforeAfter } from './before-after.tsx';
import { PlainFile } from './plain-file.tsx';

export interface ViewerProps {
  readonly item: Item;
  readonly result: Artifact | undefined;
}

interface ViewerRow {
  fits(item: Item, result: Artifact | undefined): boolean;
  readonly Viewer: ComponentType<ViewerProps>;
}

const viewers: readonly ViewerRow[] = [{ fits: (item) => item.kind === 'image', Viewer: BeforeAfter }];

export function viewerFor(item: Item, result: Artifact | undefined): ComponentType<ViewerProps> {
  return viewers.find(({ fits }) => fits(item, result))?.Viewer ?? PlainFile;
}
