package cli

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lanyard/internal/backup"
	"lanyard/internal/server"
	"lanyard/internal/store"
)

// contents is what a backup has, for programs.
type contents struct {
	Program   string       `json:"program"`
	Schema    int64        `json:"schema"`
	At        time.Time    `json:"at"`
	Instance  string       `json:"instance"`
	Store     string       `json:"store"`
	PublicURL string       `json:"public_url"`
	WithKey   bool         `json:"with_key"`
	Opened    int          `json:"opened"`
	Rows      int64        `json:"rows"`
	Tables    []tableCount `json:"tables"`
}

type tableCount struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

// showContents prints what was done with a backup, and what it has.
func (a *app) showContents(c *backup.Contents, did string) error {
	v := contents{c.Program, c.Schema, c.At, c.Instance, c.Store, c.PublicURL, c.WithKey, c.Opened, c.Rows, []tableCount{}}
	for _, t := range c.Tables {
		v.Tables = append(v.Tables, tableCount{t.Name, t.Rows})
	}
	if a.json {
		return a.printJSON(v)
	}
	return a.say("%s", did+" "+contentsWords(c))
}

func contentsWords(c *backup.Contents) string {
	words := fmt.Sprintf("It shows the store as it was at %s: %d rows in %d tables, schema version %d.", c.At.UTC().Format(time.RFC3339), c.Rows, len(c.Tables), c.Schema)
	if c.Opened > 0 {
		words += fmt.Sprintf(" All %d sealed values open.", c.Opened)
	}
	if c.WithKey {
		return words + " The key is in it: whoever can open the backup can use every credential."
	}
	return words + " The key is not in it: keep a copy of the key file elsewhere, for without it the credentials cannot be used."
}

func (a *app) backupCommand() *cobra.Command {
	f := storeFlags{}
	var out, recipientsFile, passphraseFile string
	var recipients []string
	var withKey, unchecked bool
	cmd := &cobra.Command{
		Use:   "backup (--recipient AGE_RECIPIENT | --recipients-file FILE | --passphrase-file FILE) [-o FILE]",
		Short: "Make an encrypted backup of the store, while it is served",
		Long: `Makes one encrypted file of everything in the store, as it was at one moment, while a server goes on serving it. The
file is age's (age-encryption.org): it opens with the identity of a recipient, or with a passphrase of at least 12
characters. It restores into the embedded database and into PostgreSQL alike, whichever it was made of.

Credentials in it stay sealed with the store's key, which is not in it unless --with-key says so: keep a copy of the
key file elsewhere. A file that is there already is not replaced. What was written is read again and checked.`,
		Example: `  lanyard backup --passphrase-file /etc/lanyard/backup.passphrase -o lanyard.backup --data /var/lib/lanyard
  lanyard backup --recipient age1… -o - | ssh backup@example.com 'cat > lanyard.backup'`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o := backup.Options{Unchecked: unchecked}
			var err error
			if o.Encryption, err = a.encryption(cmd, recipients, recipientsFile, passphraseFile); err != nil {
				return err
			}
			c, err := a.config(cmd, &f)
			if err != nil {
				return err
			}
			if out == "-" {
				if a.json {
					return misused(cmd, "-o - prints the backup itself, so --json has no place")
				}
				made, err := server.Backup(cmd.Context(), c, "", a.stdout, withKey, o)
				if err != nil {
					return err
				}
				a.note("The backup was written. %s", contentsWords(made))
				return nil
			}
			if out == "" {
				out = "lanyard-" + a.now().UTC().Format("20060102T150405Z") + ".backup"
			}
			made, err := server.Backup(cmd.Context(), c, out, nil, withKey, o)
			if err != nil {
				return err
			}
			return a.showContents(made, "The backup is "+out+".")
		},
	}
	f.addStore(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&out, "output", "o", "", "write the backup to this `FILE`, - is stdout; a name with the time when not given")
	flags.StringArrayVar(&recipients, "recipient", nil, "encrypt to this `RECIPIENT`, age1…; may be given several times")
	flags.StringVar(&recipientsFile, "recipients-file", "", "encrypt to the recipients in `FILE`, one on each line")
	flags.StringVar(&passphraseFile, "passphrase-file", "", "encrypt with the passphrase in `FILE`; - reads stdin")
	flags.BoolVar(&withKey, "with-key", false, "put the key into the backup: then whoever can open it can use every credential")
	flags.BoolVar(&unchecked, "no-verify", false, "do not read again what was written")
	cmd.AddCommand(a.backupVerifyCommand())
	return cmd
}

// addStore gives a command those flags that say where the store is.
func (f *storeFlags) addStore(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.logLevel = "info"
	flags.StringVar(&f.data, "data", "./lanyard-data", "the `DIR` with database and key")
	flags.StringVar(&f.database, "database", "", "the data are in PostgreSQL at this `URL`; one with a password belongs into LANYARD_DATABASE")
	flags.StringVar(&f.databaseFile, "database-file", "", "read the URL of --database from `FILE`")
	flags.StringVar(&f.keyFile, "key-file", "", "the `FILE` with the key that seals credentials; the file key in the data directory when not given")
}

func (a *app) encryption(cmd *cobra.Command, recipients []string, recipientsFile, passphraseFile string) (*backup.Encryption, error) {
	text := strings.Join(recipients, "\n")
	switch {
	case (text != "" || recipientsFile != "") == (passphraseFile != ""):
		return nil, misused(cmd, "say who can open the backup: --recipient or --recipients-file, or --passphrase-file")
	case passphraseFile != "":
		passphrase, err := a.readSecret(passphraseFile)
		if err != nil {
			return nil, err
		}
		return backup.ToPassphrase(passphrase)
	case recipientsFile != "":
		more, err := a.readSource(recipientsFile)
		if err != nil {
			return nil, err
		}
		text += "\n" + string(more)
	}
	return backup.ToRecipients(text)
}

// opening are the flags that say how a backup is opened.
type opening struct{ identityFile, passphraseFile string }

func (o *opening) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.identityFile, "identity-file", "", "open the backup with the age identity in `FILE`")
	cmd.Flags().StringVar(&o.passphraseFile, "passphrase-file", "", "open the backup with the passphrase in `FILE`; - reads stdin")
}

func (a *app) decryption(cmd *cobra.Command, o opening) (*backup.Decryption, error) {
	if (o.identityFile != "") == (o.passphraseFile != "") {
		return nil, misused(cmd, "say how the backup opens: --identity-file or --passphrase-file")
	}
	if o.passphraseFile != "" {
		passphrase, err := a.readSecret(o.passphraseFile)
		if err != nil {
			return nil, err
		}
		return backup.FromPassphrase(passphrase)
	}
	identity, err := a.readSecret(o.identityFile)
	if err != nil {
		return nil, err
	}
	return backup.FromIdentities(identity)
}

func (a *app) backupVerifyCommand() *cobra.Command {
	var o opening
	var keyFile string
	cmd := &cobra.Command{
		Use:   "verify FILE (--identity-file FILE | --passphrase-file FILE)",
		Short: "Check a backup and say what is in it",
		Long: `Opens a backup and reads it to its end: every count and every hash in it. With --key-file it opens every sealed
credential too, and so says whether that is the right key. It needs no store and writes nothing.`,
		Example: `  lanyard backup verify lanyard.backup --passphrase-file /etc/lanyard/backup.passphrase
  lanyard backup verify lanyard.backup --identity-file backup.identity --key-file /var/lib/lanyard/key`,
		Args: arguments("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.decryption(cmd, o)
			if err != nil {
				return err
			}
			var seals *store.Seals
			if keyFile != "" {
				if seals, err = store.ReadSeals(keyFile); err != nil {
					return err
				}
			}
			file, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer file.Close() // only read from
			found, err := backup.Verify(cmd.Context(), file, d, seals)
			if err != nil {
				return err
			}
			return a.showContents(found, "The backup is sound.")
		},
	}
	o.add(cmd)
	cmd.Flags().StringVar(&keyFile, "key-file", "", "open every sealed value with the key in this `FILE`")
	return cmd
}
