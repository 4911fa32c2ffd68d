import { Document } from '../ui/icons.tsx'
import { Row } from '../ui/row.tsx'
import { useFiles } from './files-provider.tsx'
import { describeSize } from './size.ts'
import type { Upload } from './use-uploads.ts'

/** A file that is being uploaded, or could not be. */
export function UploadRow({ upload }: { upload: Upload }) {
  const { retry, dismiss } = useFiles()
  const { key, file, share, failure, cancel } = upload
  const progress = share === 0 ? 'Waiting' : `${Math.floor(share * 100)}% uploaded`
  return (
    <Row
      icon={<Document />}
      title={file.name}
      details={
        <>
          {describeSize(file.size)} · {failure ? <span className="error">{failure}</span> : progress}
        </>
      }
      action={(about) =>
        failure ? (
          <div className="buttons">
            <button type="button" aria-describedby={about} onClick={() => retry(upload)}>
              Try again
            </button>
            <button type="button" aria-describedby={about} onClick={() => dismiss(key)}>
              Dismiss
            </button>
          </div>
        ) : (
          <button type="button" aria-describedby={about} onClick={cancel}>
            Cancel
          </button>
        )
      }
    >
      {!failure && share > 0 && <progress aria-label={`Upload of ${file.name}`} value={share} />}
    </Row>
  )
}
