import createError from '@fastify/error'
import { SERVER_ERROR_DETAIL } from '../../plugins/platform/errors/errors.ts'

/** Also for a file of another user, so that ids cannot be probed. */
export const FileNotFound = createError('FILE_NOT_FOUND', 'You have no file with this id', 404)
export const FileTooLarge = createError('FILE_TOO_LARGE', 'The file is too large', 413)
export const QuotaExceeded = createError('QUOTA_EXCEEDED', 'Your files need more space than you have left', 409)
export const UploadInProgress = createError('UPLOAD_IN_PROGRESS', 'Another upload of this file is in progress', 409)
export const FileAlreadyStored = createError('FILE_ALREADY_STORED', 'The content of this file has been uploaded', 409)
export const UploadExpired = createError('UPLOAD_EXPIRED', 'It is too late to upload this file: create it again', 410)
export const LengthRequired = createError('LENGTH_REQUIRED', 'The request needs a Content-Length', 411)
export const RangeNotSatisfiable = createError('RANGE_NOT_SATISFIABLE', 'The file does not have this range', 416)
export const SizeMismatch = createError('SIZE_MISMATCH', 'The content does not have the declared size', 422)
export const ChecksumMismatch = createError('CHECKSUM_MISMATCH', 'The content does not have the declared SHA-256', 422)
export const NotAnImage = createError('NOT_AN_IMAGE', 'Choose a PNG, JPEG, WebP, GIF, or AVIF image', 422)
export const FileInfected = createError('FILE_INFECTED', 'The file contains malware', 422)
/** Without a scan, nothing is stored. */
export const ScannerUnavailable = createError('SCANNER_UNAVAILABLE', SERVER_ERROR_DETAIL, 503)
/** The disk or the bucket cannot be used now; the log says why. */
export const StorageUnavailable = createError('STORAGE_UNAVAILABLE', SERVER_ERROR_DETAIL, 503)
