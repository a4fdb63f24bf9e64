package kamal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
)

// Uploads go by the old protocol of scp, to a `scp -t` on the server, as the gem
// net-scp sends them (SSHKit's default).

// upload is a file, or a directory with what is in it.
type upload struct {
	name    string // the last part of its path there
	mode    string // four octal digits
	content []byte
	files   []upload // of a directory
	isDir   bool
}

// fileUpload is one file's content; name is the last part of remote.
func fileUpload(content []byte, remote, mode string) upload {
	return upload{name: path.Base(remote), mode: mode, content: content}
}

// localUpload reads a file, with its own mode.
func localUpload(file string) (upload, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return upload{}, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return upload{}, err
	}
	return upload{name: filepath.Base(file), mode: fmt.Sprintf("%04o", info.Mode().Perm()), content: content}, nil
}

// send writes it to remote.
func (u upload) send(client *ssh.Client, remote string) error {
	session, err := client.NewSession()
	if err != nil {
		return err
	}
	defer session.Close()
	in, err := session.StdinPipe()
	if err != nil {
		return err
	}
	out, err := session.StdoutPipe()
	if err != nil {
		return err
	}
	var said strings.Builder
	session.Stderr = &said
	command := "scp -t "
	if u.isDir {
		command += "-r "
	}
	if err := session.Start(command + shellEscaped(remote)); err != nil {
		return err
	}
	answers := bufio.NewReader(out)
	if err = answered(answers); err == nil {
		err = u.sendTo(in, answers)
	}
	in.Close()
	if err = errors.Join(err, session.Wait()); err != nil {
		return failed("Net::SCP::Error", "scp to %s: %v %s", remote, err, said.String())
	}
	return nil
}

func (u upload) sendTo(in io.Writer, answers *bufio.Reader) error {
	say := func(format string, values ...any) error {
		if _, err := fmt.Fprintf(in, format, values...); err != nil {
			return err
		}
		return answered(answers)
	}
	if !u.isDir {
		if err := say("C%s %d %s\n", u.mode, len(u.content), u.name); err != nil {
			return err
		}
		return say("%s\x00", u.content)
	}
	if err := say("D%s 0 %s\n", u.mode, u.name); err != nil {
		return err
	}
	for _, file := range u.files {
		if err := file.sendTo(in, answers); err != nil {
			return err
		}
	}
	return say("E\n")
}

// answered reads whether the other side is content: a zero, or a message.
func answered(answers *bufio.Reader) error {
	code, err := answers.ReadByte()
	if err != nil || code == 0 {
		return err
	}
	message, _ := answers.ReadString('\n')
	return errors.New(strings.TrimSpace(message))
}

// shellEscaped is a word for a shell, as Ruby's Shellwords.escape makes it.
func shellEscaped(text string) string {
	var out strings.Builder
	for _, c := range text {
		if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.,:+/@", c) {
			out.WriteByte('\\')
		}
		out.WriteRune(c)
	}
	return out.String()
}
