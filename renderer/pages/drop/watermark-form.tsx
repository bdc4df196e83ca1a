/** The options of the watermark: mark, size, place, distance, opacity, tiling, with a drawing of how it will lie. */
import { Button, FileButton, NumberInput, Slider, Switch } from '@mantine/core';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import type { OrderChoice, WatermarkChoice } from '../../uploads/order.ts';
import classes from './staged-card.module.css';
import { logoTypes, useSendLogo, useUsualLogo } from './use-logo.ts';
import { WatermarkDrawing } from './watermark-drawing.tsx';

interface WatermarkFormProps {
  readonly choice: OrderChoice;
  onChange(change: Partial<OrderChoice>): void;
  onBusy(busy: boolean): void;
}

export function WatermarkForm({ choice, onChange, onBusy }: WatermarkFormProps) {
  const { t } = useTranslation();
  const { watermark } = choice;
  const set = (change: Partial<WatermarkChoice>) => onChange({ watermark: { ...watermark, ...change } });
  return (
    <div className={classes['form']}>
      <div className={classes['fields']}>
        <LogoField choice={choice} onChange={onChange} onBusy={onBusy} />
        <div>
          <div className={classes['label']} id="corner">
            {t('watermark.corner')}
          </div>
          <CornerField value={watermark.corner} onChange={(corner) => set({ corner })} disabled={watermark.tile} />
        </div>
        <div>
          <div className={classes['label']} id="size">
            {t('watermark.size')}: {watermark.size} {t('watermark.sizeUnit')}
          </div>
          <Slider
            min={2}
            max={100}
            label={null}
            value={watermark.size}
            onChange={(size) => set({ size })}
            thumbProps={{ 'aria-label': t('watermark.size') }}
          />
        </div>
        <div>
          <div className={classes['label']} id="opacity">
            {t('watermark.opacity')}: {Math.round(watermark.opacity * 100)} %
          </div>
          <Slider
            min={5}
            max={100}
            label={null}
            value={Math.round(watermark.opacity * 100)}
            onChange={(percent) => set({ opacity: percent / 100 })}
            thumbProps={{ 'aria-label': t('watermark.opacity') }}
          />
        </div>
        <NumberInput
          hideControls
          label={t('watermark.paddingLong')}
          suffix={` ${t('watermark.pixels')}`}
          min={0}
          max={10_000}
          allowDecimal={false}
          value={watermark.padding}
          onChange={(value) => set({ padding: Math.max(0, Math.min(10_000, Number(value) || 0)) })}
        />
        <Switch
          label={t('watermark.tileLong')}
          checked={watermark.tile}
          onChange={(event) => set({ tile: event.currentTarget.checked })}
          mt={28}
        />
      </div>
      <WatermarkDrawing watermark={watermark} />
    </div>
  );
}

function LogoField({ choice, onChange, onBusy }: WatermarkFormProps) {
  const { t } = useTranslation();
  const usual = useUsualLogo();
  const send = useSendLogo((logo) => onChange({ logo }));
  useEffect(() => onBusy(send.isPending), [send.isPending, onBusy]);
  return (
    <div>
      <div className={classes['label']}>
        {t('watermark.logo')}: {choice.logo?.name ?? usual?.name ?? t('watermark.ownLogo')}
      </div>
      <div className={classes['logoRow']}>
        <FileButton accept={logoTypes} onChange={(file) => file && send.mutate(file)}>
          {(props) => (
            <Button {...props} variant="default" size="xs" loading={send.isPending}>
              {t('watermark.chooseLogo')}
            </Button>
          )}
        </FileButton>
        {choice.logo !== null && (
          <Button variant="subtle" size="xs" onClick={() => onChange({ logo: null })}>
            {t('watermark.resetLogo')}
          </Button>
        )}
      </div>
    </div>
  );
}

const corners = [
  ['top-left', '1 / 1'],
  ['top-right', '1 / 3'],
  ['center', '2 / 2'],
  ['bottom-left', '3 / 1'],
  ['bottom-right', '3 / 3'],
] as const;

interface CornerFieldProps {
  readonly value: WatermarkChoice['corner'];
  readonly disabled: boolean;
  onChange(corner: WatermarkChoice['corner']): void;
}

function CornerField({ value, disabled, onChange }: CornerFieldProps) {
  const { t } = useTranslation();
  return (
    <fieldset
      className={classes['corners']}
      aria-labelledby="corner"
      disabled={disabled}
      style={{ border: 0, margin: 0, padding: 0 }}
    >
      {corners.map(([corner, area]) => (
        <label key={corner} className={classes['corner']} style={{ gridArea: area }} title={t(`watermark.${corner}`)}>
          <input
            type="radio"
            name="corner"
            aria-label={t(`watermark.${corner}`)}
            checked={value === corner}
            onChange={() => onChange(corner)}
          />
          <span aria-hidden />
        </label>
      ))}
    </fieldset>
  );
}
