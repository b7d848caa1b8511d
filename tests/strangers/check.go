// A stranger's verifier: Go's own transparency log code (golang.org/x/mod/sumdb, as it stands
// behind every `go get`) over our checkpoints, tiles, proofs and witness requests.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build -o check check.go
//
// One JSON object a line on stdin; "yes" or "no: <why>" for each on stdout. "base" states the
// files of a log, which later lines change ("changes": path -> base64, null for a file that is gone).
package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	Kind    string             `json:"kind"` // base, log, proof or growth
	Changes map[string]*[]byte `json:"changes"`
	Log     string             `json:"log"`       // vkey; its name is the origin
	Others  []string           `json:"witnesses"` // vkeys, all of which must have cosigned
	Entry   []byte             `json:"entry"`
	Data    []byte             `json:"data"` // a tlog-proof, or the body of add-checkpoint
	OldRoot []byte             `json:"old_root"`
}

type files map[string]*[]byte

func (f files) get(path string) ([]byte, error) {
	if f[path] == nil {
		return nil, errors.New("no " + path)
	}
	return *f[path], nil
}

// files as a tlog.TileReader: x/mod says tile/8/L/N where C2SP says tile/L/N.
func (files) Height() int                         { return 8 }
func (files) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (f files) ReadTiles(tiles []tlog.Tile) (found [][]byte, err error) {
	for _, tile := range tiles {
		data, err := f.get("tile/" + strings.TrimPrefix(tile.Path(), "tile/8/"))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

// cosigner verifies C2SP cosignature/v1, which x/mod does not know.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(text, sig []byte) bool {
	if len(sig) != 72 {
		return false
	}
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), text)
	return ed25519.Verify(c.key, []byte(signed), sig[8:])
}

func newCosigner(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("no vkey")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	id, err2 := hex.DecodeString(parts[1])
	if err != nil || err2 != nil || len(key) != 33 || key[0] != 4 || len(id) != 4 {
		return nil, errors.New("no cosigner's vkey")
	}
	sum := sha256.Sum256([]byte(parts[0] + "\n" + string(key)))
	if string(sum[:4]) != string(id) {
		return nil, errors.New("another key id")
	}
	return cosigner{parts[0], binary.BigEndian.Uint32(id), key[1:]}, nil
}

// open verifies a checkpoint by all the keys, and reads it.
func open(data []byte, q question) (tree tlog.Tree, err error) {
	log, err := note.NewVerifier(q.Log)
	if err != nil {
		return tree, err
	}
	keys := []note.Verifier{log}
	for _, vkey := range q.Others {
		key, err := newCosigner(vkey)
		if err != nil {
			return tree, err
		}
		keys = append(keys, key)
	}
	opened, err := note.Open(data, note.VerifierList(keys...))
	if err != nil {
		return tree, err
	}
	if len(opened.Sigs) != len(keys) || len(opened.UnverifiedSigs) != 0 {
		return tree, errors.New("not the signatures that are asked for")
	}
	for _, sig := range opened.Sigs { // x/mod lets the last bits of base64 be anything
		raw, _ := base64.StdEncoding.DecodeString(sig.Base64)
		if base64.StdEncoding.EncodeToString(raw) != sig.Base64 {
			return tree, errors.New("a second spelling of a signature")
		}
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != log.Name() {
		return tree, errors.New("not the three lines of this log")
	}
	tree.N, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(tree.N, 10) != lines[1] {
		return tree, errors.New("no size")
	}
	tree.Hash, err = hash(lines[2])
	return tree, err
}

func hash(line string) (tlog.Hash, error) {
	found, err := tlog.ParseHash(line)
	if err == nil && found.String() != line {
		err = errors.New("a second spelling of a hash")
	}
	return found, err
}

func hashes(lines []string) (found []tlog.Hash, err error) {
	for _, line := range lines {
		one, err := hash(line)
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, nil
}

// checkLog reads every entry of a log and every tile that it needs to believe them.
func checkLog(f files, q question) error {
	data, err := f.get("checkpoint")
	if err != nil {
		return err
	}
	tree, err := open(data, q)
	if err != nil {
		return err
	}
	places := make([]int64, tree.N)
	for i := range places {
		places[i] = tlog.StoredHashIndex(0, int64(i))
	}
	leaves, err := tlog.TileHashReader(tree, f).ReadHashes(places)
	if err != nil {
		return err
	}
	for at := int64(0); at < tree.N; at += 256 {
		bundle := tlog.Tile{H: 8, L: 0, N: at / 256, W: 256}
		if tree.N-at < 256 {
			bundle.W = int(tree.N - at)
		}
		data, err := f.get("tile/entries/" + strings.TrimPrefix(bundle.Path(), "tile/8/0/"))
		if err != nil {
			return err
		}
		for i := at; i < at+int64(bundle.W); i++ {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return errors.New("a short bundle")
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			if tlog.RecordHash(data[2:end]) != leaves[i] {
				return fmt.Errorf("entry %d is another", i)
			}
			data = data[end:]
		}
		if len(data) != 0 {
			return errors.New("a long bundle")
		}
	}
	return nil
}

func checkProof(q question) error {
	head, signed, _ := strings.Cut(string(q.Data), "\n\n")
	lines := strings.Split(head, "\n")
	if len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("no tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil || lines[1] != fmt.Sprintf("index %d", index) {
		return errors.New("no index")
	}
	path, err := hashes(lines[2:])
	if err != nil {
		return err
	}
	tree, err := open([]byte(signed), q)
	if err != nil {
		return err
	}
	if index < 0 || index >= tree.N {
		return errors.New("the index is not below the size")
	}
	return tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(q.Entry))
}

func checkGrowth(q question) error {
	head, signed, _ := strings.Cut(string(q.Data), "\n\n")
	lines := strings.Split(head, "\n")
	old, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "old "), 10, 64)
	if err != nil || lines[0] != fmt.Sprintf("old %d", old) || len(q.OldRoot) != 32 {
		return errors.New("no old size")
	}
	proof, err := hashes(lines[1:])
	if err != nil {
		return err
	}
	tree, err := open([]byte(signed), q)
	if err != nil {
		return err
	}
	if old < 1 || old > tree.N {
		return errors.New("the old size is not one that it could have grown from")
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, old, tlog.Hash(*(*[32]byte)(q.OldRoot)))
}

func main() {
	base := files{}
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		q := question{}
		if err = json.Unmarshal(line, &q); err == nil {
			f := files{}
			for _, changes := range []files{base, q.Changes} {
				for path, data := range changes {
					f[path] = data
				}
			}
			switch q.Kind {
			case "base":
				base = f
			case "log":
				err = checkLog(f, q)
			case "proof":
				err = checkProof(q)
			case "growth":
				err = checkGrowth(q)
			default:
				err = errors.New("no such kind")
			}
		}
		if err != nil {
			fmt.Fprintln(out, "no: "+strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Fprintln(out, "yes")
		}
	}
}
