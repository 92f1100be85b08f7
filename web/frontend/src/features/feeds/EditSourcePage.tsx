import { useState } from 'react';
import { useLocation, useParams } from 'wouter';
import { AdminOnly } from '@/app/OperatorOnly';
import { useText } from '@/i18n/useText';
import { Notice, SkeletonRows } from '@/ui/Notice';
import { Page } from '@/ui/Page';
import { FeedForm } from './FeedForm';
import { useKeepFeed, useSource } from './queries';

/** A feed to add, or one to change. */
export default function EditSourcePage() {
  const { t } = useText();
  const { id } = useParams<{ id?: string }>();
  const [, go] = useLocation();
  return (
    <AdminOnly title={t(id ? 'feedForm.change' : 'feedForm.title')}>
      {id ? (
        <Change id={id} />
      ) : (
        <Page
          title={t('feedForm.title')}
          lead={t('feedForm.lead')}
          back={{ href: '/admin/sources', word: t('sources.title') }}
        >
          <FeedForm
            onSaved={(feed) => go(`/admin/sources/${feed.id}`)}
            onLeave={() => go('/admin/sources')}
          />
        </Page>
      )}
    </AdminOnly>
  );
}

function Change({ id }: { id: string }) {
  const { t } = useText();
  const [, go] = useLocation();
  const { data: feed, error } = useSource(id);
  const keep = useKeepFeed();
  const [taken, setTaken] = useState<string | null>(null);
  const back = () => go(`/admin/sources/${id}`);
  if (!feed && !error) return <SkeletonRows label={t('list.loading')} />;
  return (
    <Page
      title={t('feedForm.change')}
      lead={t('feedForm.lead')}
      back={{ href: `/admin/sources/${id}`, word: feed?.name ?? t('sources.title') }}
    >
      {error && !feed && <Notice tone="bad">{error.message}</Notice>}
      {feed && (
        <FeedForm
          key={taken}
          feed={feed}
          onSaved={back}
          onLeave={back}
          onTake={(theirs) => {
            keep(theirs);
            setTaken(theirs.version);
          }}
        />
      )}
    </Page>
  );
}
