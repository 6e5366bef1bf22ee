package access

import "lanyard"

// ReadExtensions: everybody in the organization reads what is installed, as it sees its people.
func ReadExtensions(c *lanyard.Caller) error {
	if c.ConnectSession != "" {
		return forbidden("This browser connects an account and does nothing else.")
	}
	return SeeOrganization(c)
}

// Install: owners and admins, in their own name, install, update and uninstall extensions: they decide for everybody where
// credentials may go.
func Install(c *lanyard.Caller) error {
	if err := ManageAlone(c); err != nil {
		return err
	}
	if !Has(c.Role, RightExtensions) {
		return forbidden("Only owners and admins install, update and uninstall extensions.")
	}
	return nil
}

// Publish: owners and admins, in their own name, offer extensions to other organizations: that shows them this one's name.
func Publish(c *lanyard.Caller) error {
	if err := ManageAlone(c); err != nil {
		return err
	}
	if !Has(c.Role, RightPublish) {
		return forbidden("Only owners and admins publish extensions.")
	}
	return nil
}

// Definitions: owners and admins, in their own name, take all definitions of the organization out as a file and put them in.
func Definitions(c *lanyard.Caller) error {
	if err := ManageAlone(c); err != nil {
		return err
	}
	if !Has(c.Role, RightDefinitions) {
		return forbidden("Only owners and admins export and apply the definitions of the organization.")
	}
	return nil
}
