/** Shows an error as what happened and what to do, in the window's words. */
import { notifications } from '@mantine/notifications';
import { useTranslation } from 'react-i18next';
import type { ErrorCode } from '../../contract/errors.ts';
import { hubErrorOf } from '../hub.ts';

export interface ErrorText {
  readonly title: string;
  readonly hint: string;
}

/** The catalogue's texts of an error code. */
export function useErrorText(): (code: ErrorCode) => ErrorText {
  const { t } = useTranslation();
  return (code) => ({ title: t(`error.${code}.title`), hint: t(`error.${code}.hint`) });
}

export function useErrorToast(): (thrown: unknown) => void {
  const textOf = useErrorText();
  return (thrown) => {
    const { title, hint } = textOf(hubErrorOf(thrown).code);
    notifications.show({ color: 'red', title, message: hint, autoClose: 10_000, role: 'alert' });
  };
}
