import { Component, Suspense, lazy, type ReactNode } from 'react';
import type { CityMapProps } from './CityMap';

const CityMap = lazy(() => import('./CityMap'));

interface Props {
  fallback: ReactNode;
  children: ReactNode;
}

/** A map that cannot be drawn (no WebGL, chunk not loaded) leaves the rest of the page alone. */
export class MapBoundary extends Component<Props, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override componentDidCatch(): void {
    document.documentElement.dataset.map = 'failed';
  }

  override render() {
    return this.state.failed ? this.props.fallback : this.props.children;
  }
}

export function LazyCityMap({ fallback, ...props }: CityMapProps & { fallback: ReactNode }) {
  return (
    <MapBoundary fallback={fallback}>
      <Suspense fallback={null}>
        <CityMap {...props} />
      </Suspense>
    </MapBoundary>
  );
}
