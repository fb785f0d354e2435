//! Draws the table in a terminal, and restores the terminal at the end.

use std::mem::ManuallyDrop;
use std::thread;
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::DefaultTerminal;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::follow::{Event, Follow};
use super::table::{Scroll, Table};
use crate::commands::print_note;

/// How often the table is drawn, and how long the keyboard thread may outlive it.
const FRAME: Duration = Duration::from_millis(100);

/// Shows the table until the stream ends, `count` updates have arrived, or the user quits. Then the terminal has its
/// old content again, and a line that sums up the stream.
pub(super) async fn run(
    follow: &mut Follow,
    mut table: Table,
    count: Option<u64>,
) -> anyhow::Result<()> {
    let start = Instant::now();
    let shown = show(follow, &mut table, count, start).await;
    print_note(table.summary(start.elapsed(), &follow.stats()));
    shown
}

async fn show(
    follow: &mut Follow,
    table: &mut Table,
    count: Option<u64>,
    start: Instant,
) -> anyhow::Result<()> {
    // `try_init` also installs a panic hook that restores the terminal.
    let mut screen = Screen(ManuallyDrop::new(ratatui::try_init()?));
    let mut keys = keys();
    let mut left = count;
    let mut frames = tokio::time::interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while left != Some(0) {
        tokio::select! {
            biased;
            Some(key) = keys.recv() => match action(key) {
                Some(Action::Quit) => break,
                Some(Action::Scroll(scroll)) => table.scroll(scroll),
                None => {}
            },
            _ = frames.tick() => {
                if let Some(ranked) = follow.ranked() {
                    table.arrange(&ranked);
                }
                table.tick(start.elapsed(), &follow.stats());
                screen.0.draw(|frame| table.render(frame))?;
            }
            event = follow.next() => match event {
                Event::Update(update) => {
                    table.apply(update);
                    left = left.map(|left| left - 1);
                }
                Event::State(change) => table.set_state(&change),
                Event::Note(note) => table.set_note(note),
                Event::Error(error) => table.set_error(error),
                Event::Done => break,
                Event::Failed(error) => return Err(error),
            },
        }
    }
    Ok(())
}

/// The terminal. Its own `drop` is bypassed, because it prints an error if the terminal was closed, and that can
/// panic.
struct Screen(ManuallyDrop<DefaultTerminal>);

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.0.show_cursor();
        let _ = ratatui::try_restore();
    }
}

/// Returns the pressed keys. A thread reads them and ends when the receiver is dropped.
fn keys() -> mpsc::UnboundedReceiver<KeyEvent> {
    let (pressed, keys) = mpsc::unbounded_channel();
    thread::spawn(move || {
        while !pressed.is_closed() {
            match event::poll(FRAME) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(_) => return,
            }
            if let Ok(event::Event::Key(key)) = event::read() {
                // If the receiver is gone, the loop ends.
                let _ = pressed.send(key);
            }
        }
    });
    keys
}

#[derive(Debug, PartialEq, Eq)]
enum Action {
    Quit,
    Scroll(Scroll),
}

fn action(key: KeyEvent) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    Some(match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Action::Quit,
        KeyCode::Char('q') => Action::Quit,
        KeyCode::Up => Action::Scroll(Scroll::Up),
        KeyCode::Down => Action::Scroll(Scroll::Down),
        KeyCode::PageUp => Action::Scroll(Scroll::PageUp),
        KeyCode::PageDown => Action::Scroll(Scroll::PageDown),
        KeyCode::Home => Action::Scroll(Scroll::Start),
        KeyCode::End => Action::Scroll(Scroll::End),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_do_what_the_footer_says() {
        let press = |code, modifiers| action(KeyEvent::new(code, modifiers));
        assert_eq!(
            press(KeyCode::Char('q'), KeyModifiers::NONE),
            Some(Action::Quit)
        );
        assert_eq!(
            press(KeyCode::Char('c'), KeyModifiers::CONTROL),
            Some(Action::Quit)
        );
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::NONE), None);
        let up = press(KeyCode::Up, KeyModifiers::NONE);
        assert_eq!(up, Some(Action::Scroll(Scroll::Up)));
    }
}
