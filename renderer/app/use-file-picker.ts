/** Choosing files and folders: the shell's own dialogs, or the browser's. What is chosen is staged on the Drop page. */
import { useNavigate } from 'react-router';
import { useParts } from '../parts.ts';
import { filesOfList } from '../uploads/files-of-drop.ts';

/** Ids of the buttons on the Drop page. */
export const chooseFilesId = 'choose-files';
export const chooseFolderId = 'choose-folder';

export interface FilePicker {
  chooseFiles(): void;
  chooseFolder(): void;
}

/** Opens the browser's chooser without keeping an element on the page. */
function openChooser(folder: boolean, onFiles: (files: FileList) => void): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = true;
  input.webkitdirectory = folder;
  input.onchange = () => {
    if (input.files !== null && input.files.length > 0) onFiles(input.files);
  };
  input.click();
}

export function useFilePicker(): FilePicker {
  const { shell, staging } = useParts();
  const navigate = useNavigate();
  const toStart = () => void navigate('/');
  const fromBrowser = (folder: boolean) => {
    // A browser opens its chooser only for a wish that it saw itself; some of its own keys do not count. The button is one Enter away.
    if (!navigator.userActivation.isActive) {
      toStart();
      requestAnimationFrame(() => document.getElementById(folder ? chooseFolderId : chooseFilesId)?.focus());
      return;
    }
    openChooser(folder, (files) => {
      staging.add(Promise.resolve(filesOfList(files)));
      toStart();
    });
  };
  const fromShell = async (choosing: Promise<readonly string[]>) => {
    const paths = await choosing;
    if (paths.length === 0) return;
    staging.addPaths(paths);
    toStart();
  };
  return {
    chooseFiles: () => (shell === null ? fromBrowser(false) : void fromShell(shell.chooseFiles())),
    chooseFolder: () =>
      shell === null
        ? fromBrowser(true)
        : void fromShell(shell.chooseFolder().then((folder) => (folder === null ? [] : [folder]))),
  };
}
