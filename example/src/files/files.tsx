import { useCallback, useEffect } from 'react'
import { useClient } from '../client.ts'
import { Endless } from '../ui/endless.tsx'
import { Document } from '../ui/icons.tsx'
import { Empty, Failed, Loading } from '../ui/states.tsx'
import { useList } from '../ui/use-list.ts'
import { FileButton } from './file-button.tsx'
import { FileRow } from './file-row.tsx'
import { useFiles } from './files-provider.tsx'
import { UploadRow } from './upload-row.tsx'

/** The files of the user, and those on their way. */
export function Files() {
  const client = useClient()
  const { uploads, stored, start, reload: reloadPicture } = useFiles()
  const load = useCallback(
    async (cursor?: string) => {
      const { files, nextCursor } = await client.files.list({ cursor })
      return { items: files.filter(({ state }) => state === 'stored'), nextCursor }
    },
    [client]
  )
  const { items, error, hasMore, reload, loadMore } = useList(load)
  useEffect(() => void (stored.length > 0 && reload()), [stored, reload])
  const isEmpty = items?.length === 0 && uploads.length === 0

  return (
    <>
      <div className="heading">
        <h1>Files</h1>
        <FileButton kind="primary" multiple onChoose={start}>
          Upload files
        </FileButton>
      </div>
      <p role="status" className="unseen">
        {stored.length > 0 && `${stored.at(-1)} has been uploaded.`}
      </p>
      {error && <Failed error={error} retry={items ? loadMore : reload} />}
      {!items && !error && <Loading />}
      {isEmpty && !hasMore && (
        <Empty icon={<Document />}>
          <h2>No files yet</h2>
          <p>Only you can see the files that you upload.</p>
        </Empty>
      )}
      {!isEmpty && items && (
        <section>
          <ul className="rows">
            {uploads.map((upload) => (
              <UploadRow key={upload.key} upload={upload} />
            ))}
            {items.map((file) => (
              <FileRow key={file.id} file={file} reload={() => Promise.all([reload(), reloadPicture()])} />
            ))}
          </ul>
        </section>
      )}
      {hasMore && !error && <Endless loadMore={loadMore} />}
    </>
  )
}
