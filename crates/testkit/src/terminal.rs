//! A program in a terminal of a given size, as somebody sits before it: what the screen shows,
//! keys, and a window that is resized.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use vt100::Parser;

use crate::wait::{SOON, until};

/// Lines that are remembered above the screen.
const MEMORY: usize = 10_000;

/// A program in a terminal. It is killed when the test ends early.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    keyboard: File,
    screen: Arc<Mutex<Screen>>,
}

struct Screen {
    parser: Parser,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.parser.screen().contents())
    }
}

impl Terminal {
    /// Starts a program in a terminal of so many columns and rows, which is its controlling one:
    /// Ctrl-C works.
    ///
    /// # Panics
    /// There is no such program, or no terminal to be had.
    pub fn start(command: &tokio::process::Command, columns: u16, rows: u16) -> Self {
        let command = command.as_std();
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        resize(&master, columns, rows);
        let stream = || Stdio::from(slave.try_clone().unwrap());
        // In a session of its own, whose terminal this is; its exit code is the program's.
        let mut setsid = Command::new("setsid");
        setsid.args(["--ctty", "--wait"]).arg(command.get_program()).args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            setsid.current_dir(folder);
        }
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => setsid.env(name, value),
                None => setsid.env_remove(name),
            };
        }
        setsid.env("TERM", "xterm-256color").env_remove("NO_COLOR");
        let child = setsid.stdin(stream()).stdout(stream()).stderr(stream()).spawn().unwrap();
        let parser = Parser::new(rows, columns, MEMORY);
        let screen = Arc::new(Mutex::new(Screen { parser, bytes: Vec::new() }));
        let keyboard = File::from(master);
        let mut from = keyboard.try_clone().unwrap();
        let shown = screen.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // An error: the last process that had the terminal open has ended.
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                let mut screen = shown.lock().unwrap_or_else(PoisonError::into_inner);
                screen.parser.process(&buffer[..count]);
                screen.bytes.extend_from_slice(&buffer[..count]);
            }
        });
        Self { child, keyboard, screen }
    }

    /// Types.
    ///
    /// # Panics
    /// Nobody has the terminal open any more.
    pub fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Makes the window as wide and high.
    ///
    /// # Panics
    /// Nobody has the terminal open any more.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.lock().parser.screen_mut().set_size(rows, columns);
        resize(&OwnedFd::from(self.keyboard.try_clone().unwrap()), columns, rows);
    }

    /// What is on the screen now.
    pub fn screen(&self) -> String {
        self.lock().parser.screen().contents()
    }

    /// All lines that are on the screen, or were and have scrolled away, the oldest first.
    pub fn lines(&self) -> Vec<String> {
        let mut screen = self.lock();
        let screen = screen.parser.screen_mut();
        let columns = screen.size().1;
        screen.set_scrollback(MEMORY);
        let above = screen.scrollback();
        let mut lines = Vec::new();
        for back in (1..=above).rev() {
            screen.set_scrollback(back);
            lines.extend(screen.rows(0, columns).next());
        }
        screen.set_scrollback(0);
        lines.extend(screen.rows(0, columns));
        lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
    }

    /// Every byte that was written, escape codes and all.
    pub fn bytes(&self) -> Vec<u8> {
        self.lock().bytes.clone()
    }

    /// Waits until the screen shows `text`.
    ///
    /// # Panics
    /// It takes longer than [`SOON`].
    pub async fn wait_for(&self, text: &str) {
        let shown = until(async || self.screen().contains(text).then_some(()));
        if tokio::time::timeout(SOON, shown).await.is_err() {
            panic!("`{text}` is never shown:\n{}", self.lines().join("\n"));
        }
    }

    /// Waits for the end of the program; its exit code.
    ///
    /// # Panics
    /// It takes longer than [`SOON`].
    pub async fn end(&mut self) -> i32 {
        let child = &mut self.child;
        let ended = until(async || child.try_wait().unwrap());
        let Ok(status) = tokio::time::timeout(SOON, ended).await else {
            panic!("does not end:\n{}", self.lines().join("\n"));
        };
        // What was written last is on its way.
        tokio::time::sleep(Duration::from_millis(100)).await;
        status.code().unwrap_or(-1)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn resize(master: &OwnedFd, columns: u16, rows: u16) {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(master, size).unwrap();
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Closing the terminal would hang up; a program that does not listen is killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
