package extension

import "lanyard"

// CompareServices compares two definitions that need not be whole.
func CompareServices(old, now *lanyard.Service) []Change {
	c := &comparison{}
	c.service(old, now)
	return c.all
}
