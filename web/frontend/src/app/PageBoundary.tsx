import { Component, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { useText } from '@/i18n/useText';

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
    <div role="alert" className="p-6">
      <h1 className="text-xl font-semibold">{t('error.page')}</h1>
      <p className="text-muted">{error.message}</p>
    </div>
  );
}
