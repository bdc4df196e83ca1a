/** An empty place: what will be here, and the next step. */
import { Text, Title } from '@mantine/core';
import type { Icon } from '@tabler/icons-react';
import classes from './empty.module.css';

interface EmptyProps {
  readonly icon: Icon;
  readonly title: string;
  readonly text: string;
  readonly children?: React.ReactNode;
}

export function Empty({ icon: Shape, title, text, children }: EmptyProps) {
  return (
    <div className={classes['empty']}>
      <Shape size={36} stroke={1.3} aria-hidden className={classes['icon']} />
      <Title order={2} size="h3">
        {title}
      </Title>
      <Text c="dimmed" maw={420}>
        {text}
      </Text>
      {children}
    </div>
  );
}
