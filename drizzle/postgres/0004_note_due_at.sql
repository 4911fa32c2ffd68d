ALTER TABLE "notes" ADD COLUMN "due_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "notes" ADD COLUMN "is_done" boolean DEFAULT false NOT NULL;