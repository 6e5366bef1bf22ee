package lanyard

import "time"

// Extension is a package of services, connections and scripts as an organization installed it: its own copy, which stays
// as it is until somebody who may accepts another one.
type Extension struct {
	ID             ExtensionID
	OrganizationID OrganizationID
	Name           LinkName // as its manifest has it; one of a name in an organization
	Title          string
	Version        string         // semantic: 1.2.0
	Publisher      OrganizationID // the organization that published it here; empty: it was installed from a file
	PublisherName  string         // as its manifest has it
	Digest         string         // SHA-256 of the package, in hex
	Package        []byte         // the package itself; on single reads only
	WhenGone       WhenGone
	// GoneAt is when the publisher withdrew it, or ceased to be; zero: neither.
	GoneAt      time.Time
	InstalledBy UserID
	Revision    int64 // grows with every change of this row
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// WhenGone says what becomes of an installed extension when its publisher withdraws it or ceases to be.
type WhenGone string

const (
	WhenGoneKeep WhenGone = "keep" // it goes on working as it is
	WhenGoneEnd  WhenGone = "end"  // it is uninstalled
)

// Publication is an extension as an organization offers it to others of the deployment: its newest version.
type Publication struct {
	OrganizationID OrganizationID // of the publisher
	Name           LinkName
	Title          string
	Description    string
	Version        string
	PublisherName  string
	Digest         string
	Package        []byte           // on single reads only
	Everybody      bool             // to every organization of the deployment
	Organizations  []OrganizationID // to these, else; for the publisher alone to see
	PublishedBy    UserID
	Revision       int64
	CreatedAt      time.Time
	UpdatedAt      time.Time
}
