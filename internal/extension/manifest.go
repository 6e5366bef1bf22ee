package extension

import "lanyard"

// Manifest is extension.yaml, the file that a package begins with.
type Manifest struct {
	Name        lanyard.LinkName `json:"name"` // what organizations know it by; with its publisher it never changes
	Title       string           `json:"title"`
	Version     string           `json:"version"` // semantic: 1.2.0
	Publisher   string           `json:"publisher"`
	Description string           `json:"description"`
	DocsURL     string           `json:"docs_url,omitempty"`
	// Services are files of the package in the catalogue's form, such as services/acme.yaml. Their ways become custom services.
	Services []string `json:"services,omitempty"`
	// Connections are made when it is installed.
	Connections []Connection `json:"connections,omitempty"`
	// Scripts become functions.
	Scripts []Script `json:"scripts,omitempty"`
	// Hosts are those that its scripts may call without a connection; none are allowed besides.
	Hosts []string `json:"hosts,omitempty"`
}

// Connection is one that an extension declares.
type Connection struct {
	LinkName                lanyard.LinkName `json:"link_name"`
	Name                    string           `json:"name"`
	Service                 lanyard.LinkName `json:"service"` // one of the package, or a default one
	Scopes                  []string         `json:"scopes,omitempty"`
	UseLoginUserCredentials bool             `json:"use_login_user_credentials,omitempty"`
}

// Script is a script that an extension brings.
type Script struct {
	LinkName lanyard.LinkName `json:"link_name"` // scripts call it by thisapp.<link name>
	Name     string           `json:"name"`
	File     string           `json:"file"` // of the package, such as scripts/sync.dg
	Source   string           `json:"-"`    // what is in the file
}
