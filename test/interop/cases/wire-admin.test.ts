// The wire driver's admin: every call that Java's AdminClient has.
import { useTarget } from '../target.js'
import { describeWireAdmin, WIRE_ADMIN_SETTINGS } from '../wire-admin.js'

const target = useTarget(WIRE_ADMIN_SETTINGS)
describeWireAdmin("the wire driver's admin", () => target().bootstrap)
