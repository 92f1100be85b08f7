import { Component, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';
import { Page } from '@/ui/Page';

/** A page that fails leaves the bar above it standing, and the next page is tried afresh. */
export function PageBoundary({ children }: { children: ReactNode }) {
  const [path] = useLocation();
  return <Boundary path={path}>{children}</Boundary>;
}

class Boundary extends Component<{ path: string; children: ReactNode }, { error: Error | null }> {
  override state = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override componentDidUpdate(before: { path: string }) {
    if (before.path !== this.props.path && this.state.error) this.setState({ error: null });
  }

  override render() {
    return this.state.error ? <Failed error={this.state.error} /> : this.props.children;
  }
}

function Failed({ error }: { error: Error }) {
  const { t } = useText();
  return (
    <Page title={t('error.page')} lead={error.message} narrow>
      <Button onClick={() => location.reload()}>{t('error.again')}</Button>
    </Page>
  );
}
