//! Workers: one thread each, with a runtime and a pool of upstream connections of its own.
//!
//! Nothing is stolen between them, so a request stays on the core that got its connection.

use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, LazyLock};
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::accept::{Desk, Incoming};
use super::serve::{Shutdown, serve};
use crate::handler::Handler;
use crate::shared::Shared;

/// All workers.
pub(crate) struct Workers {
    /// One message from each when it is ready; closed when every one has ended.
    signs: mpsc::Receiver<()>,
    count: usize,
}

impl Workers {
    /// Starts one worker for each core, and says where they take connections.
    pub(crate) fn start(
        shared: &Arc<Shared>,
        shutdown: &Shutdown,
    ) -> io::Result<(Self, Arc<[Desk]>)> {
        let count = count();
        let (sign, signs) = mpsc::channel(count);
        let mut desks = Vec::new();
        for number in 0..count {
            let (desk, incoming) = Desk::new();
            let worker = Worker {
                runtime: runtime()?,
                incoming,
                open: Arc::clone(&desk.open),
                shared: Arc::clone(shared),
                number,
                shutdown: shutdown.clone(),
                sign: sign.clone(),
            };
            desks.push(desk);
            thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || worker.run())?;
        }
        Ok((Self { signs, count }, desks.into()))
    }

    /// Waits until every worker can take connections; false when one cannot.
    pub(crate) async fn ready(&mut self) -> bool {
        for _ in 0..self.count {
            if self.signs.recv().await.is_none() {
                return false;
            }
        }
        true
    }

    /// Waits until every worker has ended.
    pub(crate) async fn ended(&mut self) {
        while self.signs.recv().await.is_some() {}
    }
}

/// How many workers there are: one for each core that there was at the start. Cores may come and
/// go; whatever is kept by worker has to fit those that run.
pub(crate) fn count() -> usize {
    static COUNT: LazyLock<usize> =
        LazyLock::new(|| thread::available_parallelism().map_or(1, usize::from));
    *COUNT
}

/// A runtime on the thread that runs it.
pub(crate) fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

struct Worker {
    runtime: Runtime,
    incoming: UnboundedReceiver<Incoming>,
    open: Arc<AtomicU64>,
    shared: Arc<Shared>,
    number: usize,
    shutdown: Shutdown,
    sign: mpsc::Sender<()>,
}

impl Worker {
    fn run(self) {
        let handler = Arc::new(Handler::new(self.shared, self.number));
        let cut_off = self.runtime.block_on(async {
            let _told = self.sign.send(()).await;
            serve(handler, self.incoming, self.open, self.shutdown).await
        });
        if cut_off > 0 {
            tracing::warn!(connections = cut_off, "cut off at the shutdown timeout");
        }
        // What was cut off ends with the runtime, and is recorded then. Only after that may the
        // sign go: its closing says that this worker is gone.
        drop(self.runtime);
        drop(self.sign);
    }
}

#[cfg(test)]
mod tests {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    use super::*;

    #[test]
    fn cores_that_go_take_no_worker_along() {
        let before = count();
        let on_one_core = thread::spawn(|| {
            let ours = sched_getaffinity(None).unwrap();
            let mut one = CpuSet::new();
            one.set((0..CpuSet::MAX_CPU).find(|cpu| ours.is_set(*cpu)).unwrap());
            sched_setaffinity(None, &one).unwrap();
            count()
        });
        assert_eq!(on_one_core.join().unwrap(), before);
    }
}
