/** Settings of the hub: name, machines, where results go, the usual mark, limits. */
import { Button, FileButton, Group, NumberInput, Switch, Text, TextInput } from '@mantine/core';
import { useEffect, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Settings, settingsSchema } from '../../../contract/operations/hub.ts';
import { logoTypes, useSendLogo } from '../drop/use-logo.ts';
import { Row, Section } from './section.tsx';

interface HubSettingsProps {
  readonly settings: Settings;
  onSave(change: Partial<Settings>): void;
}

export function HubSettings({ settings, onSave }: HubSettingsProps) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <>
      <Section title={t('settings.hub')}>
        <Row label={t('settings.hubName')} text={t('settings.hubNameText')} htmlFor={`${id}-name`}>
          <CheckedText
            id={`${id}-name`}
            saved={settings.hubName}
            error={t('settings.nameInvalid')}
            parse={(text) => settingsSchema.shape.hubName.safeParse(text.trim()).data}
            onSave={(hubName) => onSave({ hubName })}
          />
        </Row>
        <Row label={t('settings.acceptNodes')} text={t('settings.acceptNodesText')} htmlFor={`${id}-accept`}>
          <Switch
            id={`${id}-accept`}
            size="md"
            checked={settings.acceptNodes}
            onChange={(event) => onSave({ acceptNodes: event.currentTarget.checked })}
          />
        </Row>
      </Section>
      <Section title={t('settings.results')}>
        <Row label={t('settings.central')} text={t('settings.centralText')} htmlFor={`${id}-central`}>
          <CheckedText
            id={`${id}-central`}
            saved={settings.centralServerUrl ?? ''}
            placeholder="https://…"
            error={t('settings.centralInvalid')}
            parse={(text) =>
              settingsSchema.shape.centralServerUrl.safeParse(text.trim() === '' ? null : text.trim()).data
            }
            onSave={(centralServerUrl) => onSave({ centralServerUrl })}
          />
        </Row>
        <LogoRow settings={settings} onSave={onSave} />
      </Section>
      <Section title={t('settings.limits')}>
        <Row label={t('settings.maxPixels')} htmlFor={`${id}-pixels`}>
          <ScaledNumber
            id={`${id}-pixels`}
            saved={settings.maxPixels}
            scale={1_000_000}
            max={2_000}
            unit={t('settings.megapixels')}
            onSave={(maxPixels) => onSave({ maxPixels })}
          />
        </Row>
        <Row label={t('settings.maxUpload')} htmlFor={`${id}-upload`}>
          <ScaledNumber
            id={`${id}-upload`}
            saved={settings.maxUploadBytes}
            scale={1_000_000_000}
            max={100_000}
            unit={t('settings.gigabytes')}
            onSave={(maxUploadBytes) => onSave({ maxUploadBytes })}
          />
        </Row>
      </Section>
    </>
  );
}

interface CheckedTextProps<T> {
  readonly id: string;
  readonly saved: string;
  readonly error: string;
  readonly placeholder?: string;
  /** Undefined when the text cannot be saved. */
  parse(text: string): T | undefined;
  onSave(value: T): void;
}

/** Saves when the field is left or Enter is pressed, and only what is valid and new. */
function CheckedText<T>({ id, saved, error, placeholder = '', parse, onSave }: CheckedTextProps<T>) {
  const [text, setText] = useState(saved);
  const [wrong, setWrong] = useState(false);
  useEffect(() => setText(saved), [saved]);
  const save = () => {
    const value = parse(text);
    setWrong(value === undefined);
    if (value !== undefined && text.trim() !== saved) onSave(value);
  };
  return (
    <TextInput
      id={id}
      value={text}
      placeholder={placeholder}
      error={wrong ? error : null}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={save}
      onKeyDown={(event) => event.key === 'Enter' && save()}
    />
  );
}

interface ScaledNumberProps {
  readonly id: string;
  readonly saved: number;
  readonly scale: number;
  readonly max: number;
  readonly unit: string;
  onSave(value: number): void;
}

function ScaledNumber({ id, saved, scale, max, unit, onSave }: ScaledNumberProps) {
  const [value, setValue] = useState<number | string>(saved / scale);
  useEffect(() => setValue(saved / scale), [saved, scale]);
  const save = () => {
    const next = Math.round(Math.min(max, Math.max(1, Number(value) || 1)) * scale);
    setValue(next / scale);
    if (next !== saved) onSave(next);
  };
  return (
    <NumberInput
      hideControls
      id={id}
      value={value}
      min={1}
      max={max}
      suffix={` ${unit}`}
      thousandSeparator=" "
      onChange={setValue}
      onBlur={save}
      onKeyDown={(event) => event.key === 'Enter' && save()}
    />
  );
}

function LogoRow({ settings, onSave }: HubSettingsProps) {
  const { t } = useTranslation();
  const send = useSendLogo((logo) => onSave({ logo }));
  return (
    <Row label={t('settings.logo')} text={t('settings.logoText')}>
      <Text size="sm" mb={8}>
        {settings.logo?.name ?? t('settings.logoOwn')}
      </Text>
      <Group gap="xs">
        <FileButton accept={logoTypes} onChange={(file) => file && send.mutate(file)}>
          {(props) => (
            <Button {...props} size="xs" variant="default" loading={send.isPending}>
              {t('settings.logoChoose')}
            </Button>
          )}
        </FileButton>
        {settings.logo !== null && (
          <Button size="xs" variant="subtle" onClick={() => onSave({ logo: null })}>
            {t('settings.logoReset')}
          </Button>
        )}
      </Group>
    </Row>
  );
}
