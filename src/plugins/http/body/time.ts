import type { Ajv } from '@fastify/ajv-compiler'

const TIME = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i
const isDay = (text: string) => !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text)

/**
 * Whether a text is a time that every part of the service can hold: RFC 3339 with an offset, from year 1 to 9999 in UTC.
 * `Date` alone would read February 30 as March 2; PostgreSQL has no year 0, and JavaScript has no leap second.
 */
function isTime(text: string) {
  const [, day = ''] = TIME.exec(text) ?? []
  const time = Date.parse(text)
  return isDay(day) && !Number.isNaN(time) && /^(?!0000)\d{4}-/.test(new Date(time).toISOString())
}

type Place = { parentData: object; parentDataProperty: string | number }
/** The times of the value that is being validated. Validation is synchronous, so one list will do. */
const found: [Place, text: string][] = []

/** Lets a schema with `toDate` hand its text to the handler as a `Date`; `format: 'date-time'` has checked it by then. */
export function addTimes(ajv: Ajv) {
  ajv.addFormat('date-time', isTime)
  ajv.addKeyword({
    keyword: 'toDate',
    type: 'string',
    errors: false,
    validate(_isOn: true, text: string, _schema?: object, place?: Place) {
      if (place) found.push([place, text])
      return true
    }
  })
}

/** Validates a value, and converts its times only if all of it is valid, since a refused one may be validated again. */
export function validateTimes(validate: (value: unknown) => unknown, value: unknown) {
  found.length = 0
  const isValid = validate(value) === true
  if (isValid)
    for (const [{ parentData, parentDataProperty }, text] of found)
      Object.assign(parentData, { [parentDataProperty]: new Date(text) })
  return isValid
}
