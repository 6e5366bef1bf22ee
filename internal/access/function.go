package access

import "lanyard"

// ReadFunctions: everybody in the organization reads its functions, as it sees its people; a key that is limited to some
// connections does not.
func ReadFunctions(c *lanyard.Caller) error {
	if err := RunFunctions(c); err != nil {
		return err
	}
	return SeeOrganization(c)
}

// RunFunctions: everybody in the organization runs its functions. What they call is judged at each call, by the rights
// of whoever runs them.
func RunFunctions(c *lanyard.Caller) error {
	if c.ConnectSession != "" {
		return forbidden("This browser connects an account and does nothing else.")
	}
	return nil
}

// SaveFunction: every member saves functions, in their own name, since they may later run as them with nobody there.
func SaveFunction(c *lanyard.Caller) error {
	if err := ManageAlone(c); err != nil {
		return err
	}
	if !Has(c.Role, RightScripts) {
		return forbidden("Only people of the organization save functions.")
	}
	return nil
}

// EditFunction: who made a function edits and deletes it, and so do owners and admins. What came with an extension nobody
// does.
func EditFunction(c *lanyard.Caller, f *lanyard.Function) error {
	if err := SaveFunction(c); err != nil {
		return err
	}
	if f.Extension != "" {
		return lanyard.Errorf(lanyard.CodeNotEditable, "The function %s came with an extension, which alone changes it: an owner or admin updates or uninstalls the extension. Nothing was changed.", f.LinkName)
	}
	if f.Author != c.User && !Has(c.Role, RightFunctions) {
		return forbidden("Only who made the function %s, and owners and admins, may edit or delete it.", f.LinkName)
	}
	return nil
}

// ScheduleFunction: who may edit a function gives it a schedule and an address of its own. One that came with an extension
// gets them from owners and admins, who answer for what runs by itself.
func ScheduleFunction(c *lanyard.Caller, f *lanyard.Function) error {
	if f.Extension == "" {
		return EditFunction(c, f)
	}
	if err := SaveFunction(c); err != nil {
		return err
	}
	if !Has(c.Role, RightFunctions) {
		return forbidden("Only owners and admins give the function %s a schedule or an address: it came with an extension.", f.LinkName)
	}
	return nil
}

// SeeRuns: owners and admins see every run of a function, and so does who made it or saved it last. Anybody else sees
// those that were made for them.
func SeeRuns(c *lanyard.Caller, f *lanyard.Function) bool {
	if len(c.Rights.Connections) > 0 || c.User == "" {
		return false
	}
	return Has(c.Role, RightFunctions) || f.Author == c.User || f.SavedBy == c.User
}
