/** The places of the window by address. A new page is one file and its line here. */
import type { RouteObject } from 'react-router';
import { Layout } from '../app/layout.tsx';
import { BrokenPage, NotFoundPage } from './broken-page.tsx';
import { DropPage } from './drop/drop-page.tsx';
import { FarmPage } from './farm/farm-page.tsx';
import { ItemPage } from './item/item-page.tsx';
import { LibraryPage } from './library/library-page.tsx';
import { SettingsPage } from './settings/settings-page.tsx';

export const routes: RouteObject[] = [
  {
    path: '/',
    element: <Layout />,
    errorElement: <BrokenPage />,
    children: [
      {
        errorElement: <BrokenPage />,
        children: [
          { index: true, element: <DropPage /> },
          { path: 'library', element: <LibraryPage /> },
          { path: 'items/:id', element: <ItemPage /> },
          { path: 'farm', element: <FarmPage /> },
          { path: 'settings', element: <SettingsPage /> },
          { path: '*', element: <NotFoundPage /> },
        ],
      },
    ],
  },
];
